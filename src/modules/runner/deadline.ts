/**
 * Does something that gives up when its time is over or `outer` says so. The timer is held here: a signal that is made
 * of `AbortSignal.timeout` by `AbortSignal.any` may be collected before it fires, and never come.
 */
export async function withDeadline<Result>(
  ms: number,
  outer: AbortSignal,
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController()
  const timer = setTimeout(() => controller.abort(new DOMException('The time is over', 'TimeoutError')), ms)
  const stop = () => controller.abort(outer.reason)
  outer.addEventListener('abort', stop, { once: true })
  if (outer.aborted) stop()
  try {
    return await work(controller.signal)
  } finally {
    clearTimeout(timer)
    outer.removeEventListener('abort', stop)
  }
}
