import { randomBytes, randomUUID } from 'node:crypto'
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * A secret that is made when it is first asked for and kept in a file that only its owner may read. However many
 * processes ask at once, all get the same one; a crash meanwhile leaves no half of it.
 */
export async function keptSecret(file: string): Promise<string> {
  const kept = await read(file)
  if (kept !== null) return kept
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const draft = `${file}-${randomUUID()}`
  await writeFile(draft, randomBytes(36).toString('base64url'), { mode: 0o600 })
  try {
    // Unlike renaming, linking refuses to take the place of what another process has made meanwhile.
    await link(draft, file)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    await rm(draft)
  }
  return readFile(file, 'utf8')
}

async function read(file: string): Promise<string | null> {
  return readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
}
