/** Resolves when the process is asked to end (Ctrl-C, SIGTERM). Asked a second time it ends at once, with code 130. */
export function untilAsked (): Promise<void> {
  return new Promise(resolve => {
    let asked = false
    const ask = (): void => {
      if (asked) process.exit(130)
      asked = true
      resolve()
    }
    process.on('SIGINT', ask)
    process.on('SIGTERM', ask)
  })
}
