/** What the system's word for a refusal means to a person. */
const reasons: Record<string, string> = {
  ENOENT: 'there is no such folder',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is a file',
  EEXIST: 'there is a file of that name',
  EACCES: 'this user may not',
  EPERM: 'this user may not',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full'
}

/** Why a file or a folder could not be made or written. */
export function reasonOf (err: unknown): string {
  const { code, message } = err as NodeJS.ErrnoException
  return reasons[code ?? ''] ?? message
}
