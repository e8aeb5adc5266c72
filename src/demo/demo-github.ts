import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { postEvent } from './post-event.js'
import { type StandInEvent, StandInGitHub, type StandInRun } from './stand-in-github.js'

/** A GitHub of the demo's own, whose runs begin and end by themselves, and which tells Slipway of each. */
export interface DemoGitHub {
  readonly url: string
  /** Of the repository, from the oldest to the newest. */
  readonly commits: readonly string[]
  /** The deployments of this version fail from now on, or do not any more. */
  breakVersion(version: string | null): void
  stop(): Promise<void>
}

interface DemoOptions {
  readonly repository: string
  readonly webhookSecret: string
  /** Where its events go. */
  readonly webhookUrl: () => string
  /** How long a run waits before it begins, and then takes. */
  readonly stepMs: number
}

const CHANGES = ['Sell apples', 'Sell pears', 'Take cards', 'Take cards that work']
const VERSION_INPUT = 'aviator_release_candidate_version'
const COMMIT_INPUT = 'aviator_release_cut_commit_hash'

export async function startDemoGitHub(options: DemoOptions): Promise<DemoGitHub> {
  let broken: string | null = null
  let isStopped = false
  const conclusionOf = (run: StandInRun) =>
    run.workflow === 'deploy.yml' && run.inputs[VERSION_INPUT] === broken ? 'failure' : 'success'
  const play = async ({ action, run, body }: StandInEvent) => {
    if (isStopped) return
    await postEvent(options.webhookUrl(), options.webhookSecret, body).catch(() => {})
    if (action === 'completed') return
    await sleep(options.stepMs)
    if (action === 'requested') github.begin(run)
    else github.finish(run, conclusionOf(run))
  }
  const github = await StandInGitHub.start({ repository: options.repository, onEvent: event => void play(event) })
  github.commits.push(...CHANGES.map(change => createHash('sha1').update(change).digest('hex')))
  github.workflows.set('build.yml', { inputs: ['aviator_release_cut_id', COMMIT_INPUT, VERSION_INPUT] })
  github.workflows.set('deploy.yml', { inputs: ['aviator_deployment_id', COMMIT_INPUT, VERSION_INPUT] })
  return {
    url: github.url,
    commits: github.commits,
    breakVersion: version => {
      broken = version
    },
    stop: async () => {
      isStopped = true
      await github.stop()
    },
  }
}
