/**
 * Work that awaits `step` between its steps, as a generator that yields there: the form in which a worker runs its jobs, so
 * that a more urgent one can take over at each.
 */
export async function * inSteps<T> (work: (step: () => Promise<void>) => Promise<T>): AsyncGenerator<number, T, void> {
  let goOn = (): void => {}
  let stepped = (): void => {}
  const untilStep = (): Promise<'step'> => new Promise(resolve => { stepped = () => { resolve('step') } })
  let step = untilStep()
  const done = work(() => new Promise(resolve => {
    goOn = resolve
    stepped()
  }))
  done.catch(() => undefined) // awaited below, after the last step
  while (await Promise.race([step, done.then(() => 'done' as const)]) === 'step') {
    step = untilStep()
    yield 0
    goOn()
  }
  return done
}
