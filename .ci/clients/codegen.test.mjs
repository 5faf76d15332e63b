// `@graphql-codegen/cli` generates TypeScript types from schema.graphql and a frontend's operations, and both compile
// with `--strict`.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

function run(tool, ...words) {
  const program = `${here}/node_modules/.bin/${tool}`;
  const { status, stdout, stderr, error } = spawnSync(program, words, { cwd: here, encoding: 'utf8' });
  assert.equal(status, 0, `${tool}: ${error ?? ''}\n${stdout}${stderr}`);
}

test('types are generated', () => {
  rmSync(`${here}/codegen/generated`, { recursive: true, force: true });
  run('graphql-codegen', '--config', 'codegen.config.js');
});

test('correct uses of the types compile, and wrong ones do not', () => {
  const options = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler'];
  run('tsc', ...options, 'codegen/operations.ts');
});
