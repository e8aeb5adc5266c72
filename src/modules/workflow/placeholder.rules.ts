/** What a run is for: a candidate is built, or deployed to an environment. */
export type RunPurpose = 'build' | 'deploy'

const OF_BUILDS = ['project.name', 'release.version', 'candidate.version', 'candidate.commit', 'candidate.id'] as const
const OF_DEPLOYMENTS = [...OF_BUILDS, 'environment.name', 'deployment.id', 'deployment.actor'] as const

type Placeholder = (typeof OF_DEPLOYMENTS)[number]

/** What the placeholders stand for in one run; those of deployments are missing in a build's. */
export type PlaceholderValues = Readonly<Partial<Record<Placeholder, string>>>

const PLACEHOLDERS: Readonly<Record<RunPurpose, readonly Placeholder[]>> = {
  build: OF_BUILDS,
  deploy: OF_DEPLOYMENTS,
}

/** The placeholders in a text that runs of this purpose have not; one that is left open counts, too. */
export function unknownPlaceholders(text: string, purpose: RunPurpose): string[] {
  return [...text.matchAll(/\$\{([^}]*)(\}?)/g)]
    .filter(([, name = '', end]) => end === '' || !PLACEHOLDERS[purpose].some(known => known === name))
    .map(([whole]) => whole)
}

/** The placeholders that may be used, as they are written. */
export function knownPlaceholders(purpose: RunPurpose): string[] {
  return PLACEHOLDERS[purpose].map(name => `\${${name}}`)
}

/** Puts the values in the places of a text. Values are never searched for placeholders themselves. */
export function fillPlaceholders(text: string, values: PlaceholderValues): string {
  return text.replaceAll(/\$\{([^}]*)\}/g, (whole, name: string) => {
    return Object.hasOwn(values, name) ? (values[name as Placeholder] ?? whole) : whole
  })
}
