import { writeFile } from 'node:fs/promises'
import { wrongUsage } from './client-command.js'
import { reasonOf } from './reason-of.js'

/** Writes a file that someone named on the command line. @throws HammingbirdError `HAMMINGBIRD_INVALID`: what is wrong with the name. */
export async function writeAsked (file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes)
  } catch (err) {
    throw wrongUsage(`cannot write ${file}: ${reasonOf(err)}`)
  }
}
