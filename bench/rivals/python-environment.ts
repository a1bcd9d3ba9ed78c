import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../', import.meta.url))

/** Whether the environment of this name has been made. */
export function isInstalled (name: string): boolean {
  return existsSync(`${root}.cache/${name}/installed`)
}

/**
 * Makes a Python environment with packages in .cache, the first time.
 *
 * @param optional packages that are left out, with the reason said, where they do not install.
 * @returns its interpreter.
 */
export function installPython (name: string, packages: readonly string[], optional: readonly string[] = []): string {
  const directory = `${root}.cache/${name}`
  const python = `${directory}/bin/python`
  if (isInstalled(name)) return python
  const install = (names: readonly string[]): void => { execFileSync(`${directory}/bin/pip`, ['install', '--quiet', '--disable-pip-version-check', ...names], { stdio: 'inherit' }) }
  console.error(`installing ${packages.join(', ')} into .cache/${name}`)
  execFileSync('python3', ['-m', 'venv', directory], { stdio: 'inherit' })
  install(packages)
  for (const one of optional) {
    try {
      install([one])
    } catch {
      console.error(`${one} is left out: it does not install here`)
    }
  }
  execFileSync('touch', [`${directory}/installed`])
  return python
}
