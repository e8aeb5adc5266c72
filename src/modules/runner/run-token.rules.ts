const TOKEN = /\b(?:deployment|candidate)_[0-7][0-9a-hjkmnp-tv-z]{25}\b/g

/** The global IDs of deployments and candidates in a run's name, where its workflow puts them (`run-name:`). */
export function tokensIn(title: string | undefined): string[] {
  return title?.match(TOKEN) ?? []
}
