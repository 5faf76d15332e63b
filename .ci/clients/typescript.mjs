// Type-checks TypeScript of the guide as a strict project does, and returns what it compiles to.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const OPTIONS = [
  ...['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--noUnusedLocals'],
  ...['--target', 'es2022', '--lib', 'es2022,dom', '--module', 'esnext', '--moduleResolution', 'bundler'],
];

/** `globals` declares what the example leaves to its reader. Each example needs a name of its own. */
export async function compile(name, example, globals) {
  const folder = `${here}/compiled/${name}`;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/example.ts`, `${example}\n${globals}`);
  const words = [...OPTIONS, '--outDir', folder, `${folder}/example.ts`];
  const { status, stdout, stderr } = spawnSync(`${here}/node_modules/.bin/tsc`, words, { cwd: here, encoding: 'utf8' });
  assert.equal(status, 0, `${name}: ${stdout}${stderr}`);
  return readFile(`${folder}/example.js`, 'utf8');
}
