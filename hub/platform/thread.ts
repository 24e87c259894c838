import { fileURLToPath } from 'node:url';
import { Worker, type WorkerOptions } from 'node:worker_threads';

/** The bundle has each thread as a file of its own (docker/build.mjs); a source is bundled when it is first needed. */
const isSource = import.meta.url.endsWith('.ts');
const bundled = new Map<string, Promise<string>>();

/** A thread of Node 20 reads no TypeScript, whatever its parent was started with. */
async function bundle(source: URL): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(source)],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

/** Starts a thread: `source` is its file, `built` its name in the bundle. Nothing of the environment is handed on. */
export async function startThread(source: URL, built: string, options: WorkerOptions): Promise<Worker> {
  const rest = { execArgv: [], env: {}, ...options };
  if (!isSource) return new Worker(new URL(`./${built}.js`, import.meta.url), rest);
  let text = bundled.get(source.href);
  if (!text) bundled.set(source.href, (text = bundle(source)));
  return new Worker(await text, { ...rest, eval: true });
}
