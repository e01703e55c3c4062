/** What the standard variables say of whether anybody collects spans. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables */
export function isTelemetryWanted(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return false;
  return ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_TRACES_EXPORTER'].some(
    (name) => (env[name] ?? '') !== '',
  );
}

/** Starts the OpenTelemetry SDK, which reads the standard variables itself. The library is loaded only here, so that off costs nothing. */
export async function startTelemetry(): Promise<{ shutdown(): Promise<void> }> {
  process.env.OTEL_SERVICE_NAME ??= 'inkstone';
  const { NodeSDK } = await import('@opentelemetry/sdk-node');
  const sdk = new NodeSDK();
  sdk.start();
  return { shutdown: () => sdk.shutdown() };
}
