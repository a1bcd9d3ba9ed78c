import { execFile } from 'node:child_process'
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import sharp from 'sharp'

const exec = promisify(execFile)
const evaluationData = resolve(process.env['HAMMINGBIRD_EVALUATION_DATA'] ?? join(import.meta.dirname, '../../../shared/data'))
/** Which makes them 20 KB on average. */
const QUALITY = 80

/** The photographs of coco128 as JPEG files of about 20 KB, the longer side 320 pixels. */
export async function photographs (): Promise<readonly Buffer[]> {
  const directory = await mkdtemp(join(tmpdir(), 'hammingbird-bench-'))
  try {
    await exec('tar', ['-xzf', join(evaluationData, 'coco128/images.tar.gz'), '-C', directory])
    const names = (await readdir(directory, { recursive: true })).filter(name => name.endsWith('.jpg') || name.endsWith('.jpeg')).sort()
    return await Promise.all(names.map(async name => sharp(await readFile(join(directory, name))).jpeg({ quality: QUALITY }).toBuffer()))
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}
