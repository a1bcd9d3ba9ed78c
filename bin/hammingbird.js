#!/usr/bin/env -S node --enable-source-maps
import { existsSync } from 'node:fs'
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
// A checkout has the sources: dist/ is made anew, which takes less than a second. A published package has only dist/.
if (existsSync(`${root}/errors.ts`)) {
  const built = spawnSync(process.execPath, ['dev/build.mjs'], { cwd: root, stdio: 'inherit' })
  if (built.status !== 0) process.exit(built.status ?? 1)
}
await import('../dist/cli/main.js')
