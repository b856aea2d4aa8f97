export function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M7 16h5m8 0h5M16 12V7m0 18v-5" stroke="white" strokeWidth="2.6" strokeLinecap="round" />
      <circle cx="16" cy="16" r="4" fill="white" />
    </svg>
  );
}
