import { z } from 'zod';
import { setting } from '../environment/values.js';

/** Those of OpenTelemetry's own variables that decide whether it is loaded, and as what. Its SDK reads these and all the others itself. */
export const telemetrySection = {
  title: 'OpenTelemetry',
  schema: z.object({
    OTEL_EXPORTER_OTLP_ENDPOINT: setting(
      z.string().optional(),
      'Where spans are sent to. Without this and the next two nothing is traced, and the SDK is not even loaded.',
    ),
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: setting(z.string().optional(), 'The same, with the path for traces.'),
    OTEL_TRACES_EXPORTER: setting(
      z.string().optional(),
      'How spans leave, such as `otlp` or `console`; `none` is off.',
    ),
    OTEL_SDK_DISABLED: setting(z.string().optional(), '`true` turns it off whatever the others say.'),
    OTEL_SERVICE_NAME: setting(z.string().optional(), 'What the spans call this server.', { default: '`inkstone`' }),
  }),
};
