import { InvalidArgumentError } from 'commander'

/** Reads `key=value`, the value as JSON where it is any, and gathers what is given several times: for commander's options. */
export function keyValue (text: string, before: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const at = text.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('key=value is wanted.')
  const value = text.slice(at + 1)
  try {
    return { ...before, [text.slice(0, at)]: JSON.parse(value) as unknown }
  } catch {
    return { ...before, [text.slice(0, at)]: value }
  }
}
