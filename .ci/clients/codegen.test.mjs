// `@graphql-codegen/cli` makes TypeScript types from schema.graphql and a frontend's operations, and both compile under `--strict`.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));

function run(tool, ...given) {
  const { status, stdout, stderr, error } = spawnSync(`${here}/node_modules/.bin/${tool}`, given, { cwd: here, encoding: 'utf8' });
  assert.equal(status, 0, `${tool}: ${error ?? ''}\n${stdout}${stderr}`);
}

test('types are made', () => {
  rmSync(`${here}/codegen/generated`, { recursive: true, force: true });
  run('graphql-codegen', '--config', 'codegen.config.js');
});

test('what uses them rightly compiles, and what uses them wrongly does not', () => {
  const options = ['--strict', '--noEmit', '--target', 'es2022', '--module', 'esnext', '--moduleResolution', 'bundler'];
  run('tsc', ...options, 'codegen/operations.ts');
});
