const UNITS: Readonly<Record<string, string>> = { d: 'days', w: 'weeks', mo: 'months', y: 'years' }

/** `13mo` gives the interval `13 months`; `400d`, `8w` and `2y` likewise. Undefined for anything else. */
export function ageToInterval(text: string): string | undefined {
  const [, number = '', unit = ''] = /^(\d{1,5})(d|w|mo|y)$/.exec(text) ?? []
  return number === '' ? undefined : `${Number(number)} ${UNITS[unit]}`
}
