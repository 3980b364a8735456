/**
 * Reads one at a time: asked while it reads, it reads once more when it is done. A storm of changes, or a slow answer,
 * never makes requests pile up.
 */
export function single(read: () => Promise<void>): () => Promise<void> {
  let isReading = false;
  let isStale = false;
  return async () => {
    isStale = true;
    if (isReading) return;
    isReading = true;
    try {
      while (isStale) {
        isStale = false;
        await read();
      }
    } finally {
      isReading = false;
    }
  };
}
