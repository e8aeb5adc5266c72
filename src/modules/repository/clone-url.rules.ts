import { SlipwayError } from '../../core/errors.js'

/**
 * Checks where a repository is cloned from (contract, section 4): `https:` or `ssh:`, and `file:` where it is allowed.
 * The short form `git@host:path` is taken as the `ssh:` URL that it means.
 *
 * @returns the URL to hand to git, which cannot be taken for an option or for one of git's own transports
 * @throws SlipwayError `INVALID_INPUT`; its text does not repeat the URL, which may hold a password
 */
export function parseCloneUrl(text: string, { allowFile }: { readonly allowFile: boolean }): string {
  const [, account, host, path] = /^([\w.-]+@)?([\w.-]+):(?!\/\/)([^\s:][^\s]*)$/.exec(text) ?? []
  const url = host !== undefined ? `ssh://${account ?? ''}${host}/${path?.replace(/^\//, '')}` : text
  if (hasControlCharacters(url) || !URL.canParse(url)) throw refusal(allowFile)
  const { protocol, username, hostname, pathname, href } = new URL(url)
  // What begins with a dash could be taken for an option by the program that opens the connection.
  const isDashed = /^(-|%2d)/i.test(username) || /^(-|%2d)/i.test(hostname)
  const remote = (protocol === 'https:' || protocol === 'ssh:') && hostname !== '' && !isDashed
  const local = allowFile && protocol === 'file:' && hostname === ''
  if ((!remote && !local) || pathname.length < 2) throw refusal(allowFile)
  return href
}

function hasControlCharacters(text: string): boolean {
  return [...text].some(character => character <= ' ' || character === '\u007f')
}

function refusal(allowFile: boolean): SlipwayError {
  return new SlipwayError('INVALID_INPUT', {
    message: 'Invalid cloneUrl',
    details: allowFile
      ? 'Expected an https:, ssh: or file: URL with a path.'
      : 'Expected an https: or ssh: URL with a path. file: URLs take ALLOW_FILE_REPOSITORIES=true.',
  })
}
