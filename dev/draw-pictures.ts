// Draws the project's own pictures into a folder: `node dist/dev/draw-pictures.js DIR`. A process of its own, so that
// no process that answers anyone ever loads an image library.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { drawnPictures } from './pictures.js'

const [directory] = process.argv.slice(2)
if (directory === undefined) throw new TypeError('a folder to draw into')
for await (const { id, bytes } of drawnPictures()) {
  await mkdir(dirname(join(directory, id)), { recursive: true })
  await writeFile(join(directory, id), bytes)
}
