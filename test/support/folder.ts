import { rm } from 'node:fs/promises';

/** Removes a folder with all that is in it. The last child of a server that ends may still write there: then once more. */
export const removeFolder = (folder: string): Promise<void> =>
  rm(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
