import { topicsOf, type CollectionTopics } from '../../topics/names.js'

/** The name of a collection's tables: one that was deleted and made again has other tables. */
export function storeName ({ name, createdAtMs }: { readonly name: string, readonly createdAtMs: number }): string {
  return `${name}@${createdAtMs}`
}

/** The topics that tables of this name are made of: those of a collection made again have the names they had. */
export function topicsOfStore (name: string): CollectionTopics {
  return topicsOf(name.replace(/@\d+$/, ''))
}
