import type { ComponentChildren } from 'preact'

/** A part that scrolls by itself; the keyboard has to get at it, too. */
export function Scroll({
  label,
  children,
}: {
  readonly label: string
  readonly children: ComponentChildren
}) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls and holds no link could not be scrolled by keyboard.
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  )
}
