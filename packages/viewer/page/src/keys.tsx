import { useEffect, useRef } from 'preact/hooks'
import { hrefOf, navigate } from './address.ts'

const KEYS = [
  ['j', 'the next change'],
  ['k', 'the change before'],
  ['Enter', 'open it'],
  ['/', 'to the filters'],
  ['m', 'more, or older ones'],
  ['g a', 'activity'],
  ['g c', 'chart'],
  ['g m', 'a table as of a moment'],
  ['?', 'this list'],
] as const

const GOES = { a: 'activity', c: 'chart', m: 'as-of' } as const

/** Keys of the page; none of them while something is typed. */
export function useKeys(openHelp: () => void): void {
  const isGoing = useRef(false)
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      const target = event.target instanceof HTMLElement ? event.target : document.body
      if (
        event.ctrlKey ||
        event.metaKey ||
        event.altKey ||
        target.closest('input, select, textarea, dialog[open]')
      )
        return
      const going = isGoing.current
      isGoing.current = event.key === 'g'
      if (going && event.key in GOES) navigate(hrefOf(GOES[event.key as keyof typeof GOES]))
      else if (event.key === 'j') step(1)
      else if (event.key === 'k') step(-1)
      else if (event.key === 'm') document.querySelector<HTMLElement>('[data-key="more"]')?.click()
      else if (event.key === '?') openHelp()
      else if (event.key === '/') toFilters()
      else return
      event.preventDefault()
    }
    addEventListener('keydown', pressed)
    return () => removeEventListener('keydown', pressed)
  }, [openHelp])
}

function toFilters(): void {
  const filter = document.querySelector<HTMLElement>('[data-key="filter"]')
  filter?.closest('details')?.setAttribute('open', '')
  filter?.focus()
}

/** To the first link of the change after or before the one that has the focus. */
function step(by: 1 | -1): void {
  const all = [...document.querySelectorAll<HTMLElement>('[data-entry]')]
  const now = all.findIndex((entry) => entry.contains(document.activeElement))
  const next = all[now === -1 ? 0 : Math.min(Math.max(now + by, 0), all.length - 1)]
  const link = next?.querySelector<HTMLElement>('a') ?? next
  link?.focus()
}

export function Help({ isOpen, close }: { readonly isOpen: boolean; readonly close: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  useEffect(() => {
    if (isOpen) dialog.current?.showModal()
  }, [isOpen])
  return (
    <dialog ref={dialog} onClose={close} aria-labelledby="keys">
      <h2 id="keys">Keys</h2>
      <dl class="keys">
        {KEYS.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <button type="button" onClick={() => dialog.current?.close()}>
        Close
      </button>
    </dialog>
  )
}
