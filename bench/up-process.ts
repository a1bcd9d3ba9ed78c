import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLogger } from '../telemetry/logger.js'
import { AllInOne } from '../cli/all-in-one.js'
import { openDataDirectory } from '../cli/data-directory.js'

/** Everything on one machine, on a fresh data directory that goes with it. */
export async function freshAllInOne (options: { readonly bits?: number } = {}): Promise<AllInOne & { readonly directory: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-bench-'))
  const all = await AllInOne.open({
    data: await openDataDirectory(directory),
    host: '127.0.0.1',
    port: 0,
    collection: options,
    pictures: true,
    release: 'bench',
    logger: openLogger({ level: 'error' })
  })
  return Object.assign(all, {
    directory,
    async [Symbol.asyncDispose] () {
      await all.close()
      await rm(directory, { recursive: true, force: true })
    }
  })
}
