// The package types its client and server only; the transport here is our own, so its two halves are used alone.
declare module 'xmlrpc/lib/serializer' {
  export function serializeMethodCall(method: string, params: unknown[], encoding?: string): string;
}

declare module 'xmlrpc/lib/deserializer' {
  class Deserializer {
    stack: unknown[];
    marks: number[];
    deserializeMethodResponse(
      stream: NodeJS.ReadableStream,
      callback: (error: unknown, result?: unknown) => void,
    ): void;
    endStruct(data: string): void;
  }
  export = Deserializer;
}
