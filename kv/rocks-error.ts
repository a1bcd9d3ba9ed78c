import { HammingbirdError } from '../errors.js'

/**
 * What RocksDB says, in our codes. It has no codes of its own in JavaScript: a message begins with the kind
 * (`IO error: `, `Corruption: `) and ends with the system's words.
 */
export function rocksError (err: unknown, directory: string): HammingbirdError {
  if (err instanceof HammingbirdError) return err
  const said = err instanceof Error ? err.message : String(err)
  if (/lock hold by current process|While lock file/.test(said)) {
    return new HammingbirdError('HAMMINGBIRD_LOCKED', `${directory} belongs to another process: stop it, or take another --data directory`, { cause: err })
  }
  if (said.startsWith('Corruption')) {
    return new HammingbirdError('HAMMINGBIRD_FORMAT', `${directory} is damaged on the disk: ${said.replace(/^Corruption: /, '').replaceAll(`${directory}/`, '').trim()}. Look after the disk; docs/errors.md says how to go on`, { cause: err })
  }
  if (/^(?:Not implemented|Invalid argument)/.test(said)) {
    return new HammingbirdError('HAMMINGBIRD_FORMAT', `${directory} holds damaged data, or data of another program: ${said}`, { cause: err })
  }
  return new HammingbirdError('HAMMINGBIRD_STORAGE', `${directory}: ${known(said) ?? said}`, { cause: err })
}

/** RocksDB tells long stories with paths in them; of what happens to people the cause and the way out are said, and the story is the error's cause. */
function known (said: string): string | undefined {
  if (/No space left|ENOSPC|quota/i.test(said)) return 'the disk is full: free some space; a server that runs goes on by itself then'
  if (/File too large|EFBIG/i.test(said)) return 'a limit on the size of files was met (ulimit -f)'
  if (/Too many open files|EMFILE/i.test(said)) return 'the limit on open files was met (ulimit -n): allow 4096 at least'
  if (/Permission denied|EACCES|EROFS|Read-only/i.test(said)) return 'this user may not write there'
  if (/Not a directory|ENOTDIR/i.test(said)) return 'there is a file where a directory should be'
  return undefined
}
