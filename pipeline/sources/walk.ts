import { opendir } from 'node:fs/promises'
import { join } from 'node:path'

/** What is taken for a picture by its name: also formats that are refused, so that people are told why. */
const PICTURE_NAME = /\.(jpe?g|jpe|jfif|png|apng|webp|gif|avif|tiff?|bmp|dib|ico|svgz?|heic|heif|jxl|jp2|psd|tga|pcx|ppm|pgm|pbm)$/i

/** Whether a file is offered to the index, by its name. Hidden files and folders are not. */
export function isPictureName (path: string): boolean {
  return PICTURE_NAME.test(path) && !path.split('/').some(part => part.startsWith('.'))
}

/**
 * The relative paths of all pictures below a folder, with `/` between their parts, in no order. Symbolic links are not
 * followed, hidden folders not entered. A folder that goes or cannot be read meanwhile is told to `unreadable`.
 */
export async function * walk (root: string, unreadable: (path: string, err: unknown) => void): AsyncGenerator<string> {
  const folders = ['']
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    try {
      for await (const entry of await opendir(join(root, folder))) {
        const path = folder === '' ? entry.name : `${folder}/${entry.name}`
        if (entry.isDirectory() && !entry.name.startsWith('.')) folders.push(path)
        else if (entry.isFile() && isPictureName(path)) yield path
      }
    } catch (err) {
      unreadable(folder, err)
    }
  }
}
