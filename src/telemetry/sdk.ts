/** What the standard variables say of whether anybody collects spans. https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables */
export function isTelemetryWanted(env: Readonly<Record<string, string | undefined>>): boolean {
  if (env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none') return false;
  return ['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_TRACES_EXPORTER'].some(
    (name) => (env[name] ?? '') !== '',
  );
}

/** Milliseconds that a stop waits for the last spans to be taken; the SDK itself would try for longer than an orchestrator waits. */
const FLUSH_MS = 3000;

/**
 * Starts the OpenTelemetry SDK, which reads the standard variables itself. The library is loaded only here, so that off costs nothing.
 *
 * @param version of this program
 * @param lost told when the last spans could not be sent: no reason for a stop to fail
 */
export async function startTelemetry(
  version: string,
  lost: (error: unknown) => void,
): Promise<{ shutdown(): Promise<void> }> {
  process.env.OTEL_SERVICE_NAME ??= 'inkstone';
  const { NodeSDK, resources } = await import('@opentelemetry/sdk-node');
  // What OTEL_RESOURCE_ATTRIBUTES says goes before.
  const resource = resources.resourceFromAttributes({ 'service.version': version });
  const sdk = new NodeSDK({ resource });
  sdk.start();
  return {
    async shutdown() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`Nobody took the last spans within ${FLUSH_MS} ms.`)), FLUSH_MS);
      });
      await Promise.race([sdk.shutdown(), late]).catch(lost);
      clearTimeout(timer);
    },
  };
}
