export function Problem({ message }: { readonly message: string }) {
  return (
    <p class="problem" role="alert">
      {message}
    </p>
  )
}
