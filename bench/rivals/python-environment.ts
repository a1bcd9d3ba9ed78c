import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Where an environment of this name lies, whether it is there or not. */
export function pythonEnvironment (name: string): { readonly directory: string, readonly python: string, readonly installed: boolean } {
  const directory = `${root}.cache/${name}`
  return { directory, python: `${directory}/bin/python`, installed: existsSync(`${directory}/installed`) }
}

/** Makes a Python environment with packages in .cache, the first time. @returns its interpreter. */
export function installPython (name: string, packages: readonly string[]): string {
  const { directory, python, installed } = pythonEnvironment(name)
  if (installed) return python
  console.error(`installing ${packages.join(', ')} into .cache/${name}`)
  execFileSync('python3', ['-m', 'venv', directory], { stdio: 'inherit' })
  execFileSync(`${directory}/bin/pip`, ['install', '--quiet', '--disable-pip-version-check', ...packages], { stdio: 'inherit' })
  execFileSync('touch', [`${directory}/installed`])
  return python
}
