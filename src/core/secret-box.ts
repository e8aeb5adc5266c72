import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** A secret as it is stored: AES-256-GCM, everything but the key in it. Useless without that. */
export type SealedSecret = string & { readonly __sealed: true }

/** Keeps secrets that Slipway has to know again, such as those it signs webhooks with. */
export interface SecretBox {
  seal(secret: string): SealedSecret
  /** @throws Error when it was sealed with another key or has been tampered with */
  open(sealed: SealedSecret): string
}

const VERSION = 'v1'
const ALGORITHM = 'aes-256-gcm'
/** NIST SP 800-38D, section 8.2: 96 bits, never used twice with one key; random ones do for 2³² secrets. */
const NONCE_BYTES = 12

/** @param key at least 32 bytes, as `SECRETS_KEY` is */
export function createSecretBox(key: string): SecretBox {
  const encryptionKey = Buffer.from(hkdfSync('sha256', key, '', 'slipway secrets', 32))
  return {
    seal: secret => {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv(ALGORITHM, encryptionKey, nonce)
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()])
      const parts = [nonce, text, cipher.getAuthTag()].map(part => part.toString('base64url'))
      return [VERSION, ...parts].join('.') as SealedSecret
    },
    open: sealed => {
      const [version, ...parts] = sealed.split('.')
      const [nonce, text, tag] = parts.map(part => Buffer.from(part, 'base64url'))
      const isWhole =
        parts.length === 3 && parts.every(part => Buffer.from(part, 'base64url').toString('base64url') === part)
      if (version !== VERSION || !isWhole || !nonce || !text || !tag) throw new Error('This is no sealed secret')
      const decipher = createDecipheriv(ALGORITHM, encryptionKey, nonce, { authTagLength: 16 })
      decipher.setAuthTag(tag)
      return Buffer.concat([decipher.update(text), decipher.final()]).toString('utf8')
    },
  }
}
