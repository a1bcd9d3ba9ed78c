/** Whether a text is `HOST:PORT`, an IPv6 address in brackets. */
export function isPlace (text: string): boolean {
  const port = /^(?:\[[^\]\s]+\]|[^:\s]+):(\d{1,5})$/.exec(text)?.[1]
  return port !== undefined && Number(port) <= 65_535
}
