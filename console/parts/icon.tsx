/** Drawn for 16 × 16; they take the colour of the text around them. */
const PATHS = {
  overview: 'M2 2h5v5H2zM9 2h5v3H9zM9 7h5v7H9zM2 9h5v5H2z',
  tasks: 'M2.5 4l1 1 2-2M2.5 8.5l1 1 2-2M2.5 13l1 1 2-2M8 4h6M8 8.5h6M8 13h6',
  obproxy: 'M1.5 8h4M10.5 8h4M8 1.5v4M8 10.5v4M5.5 5.5h5v5h-5z',
  oceanbase:
    'M2.5 4c0-1.1 2.5-2 5.5-2s5.500.9 5.500 2-2.500 2-5.500 2-5.500-.9-5.500-2zM2.500 4v8c0 1.100 2.500 2 5.500 2s5.500-.9 5.500-2V4M2.500 8c0 1.100 2.500 2 5.500 2s5.500-.9 5.500-2',
  hosts: 'M2 2.5h12v4.500H2zM2 9h12v4.500H2zM4.500 4.700h.1M4.500 11.200h.1',
  packages: 'M8 1.500l6 3v7l-6 3-6-3v-7zM2 4.500l6 3 6-3M8 7.500v7',
  users:
    'M6 7.500a2.750 2.750 0 100-5.500 2.750 2.750 0 000 5.500zM1 14c.3-3 2.200-4.500 5-4.500s4.700 1.500 5 4.500M11 2.300a2.700 2.700 0 010 5M12.500 9.800c1.500.6 2.300 2 2.500 4.200',
  keys: 'M5.500 13.500a3.500 3.500 0 100-7 3.500 3.500 0 000 7zM8 7.500l6-6M11 4.500l2 2',
  audit: 'M3 1.500h7l3 3v10H3zM5.500 7h5M5.500 10h5M5.500 4h2',
  done: 'M3 8.500l3.200 3.200L13 4.500',
  failed: 'M4 4l8 8M12 4l-8 8',
  waiting: 'M8 3.500v5.500M8 12.300v.2',
  running: 'M8 2a6 6 0 016 6',
  pending: 'M8 13a5 5 0 100-10 5 5 0 000 10z',
  ready: 'M5 3.500l7 4.500-7 4.500z',
  skipped: 'M3 3.500l5 4.500-5 4.500zM9 3.500l5 4.500-5 4.500z',
  undone: 'M6 3L2.500 6.500 6 10M3 6.500h6.500a4 4 0 010 8H7',
  warning: 'M8 2l6.500 12h-13zM8 6.500v3.500M8 12v.2',
  close: 'M4 4l8 8M12 4l-8 8',
  copy: 'M5.500 5.500h8v8h-8zM3 10.500H2.500v-8h8V3',
  link: 'M6.500 9.500l3-3M7 4.500l2-2a3 3 0 014.500 4.500l-2 2M9 11.500l-2 2A3 3 0 012.500 9l2-2',
  download: 'M8 2v8.500M4.500 7L8 10.500 11.500 7M2.500 13.500h11',
  upload: 'M8 11V2.500M4.500 6L8 2.500 11.500 6M2.500 13.500h11',
  plus: 'M8 3v10M3 8h10',
  chevron: 'M4 6l4 4 4-4',
  right: 'M6 4l4 4-4 4',
  left: 'M10 4L6 8l4 4',
  search: 'M7 12A5 5 0 107 2a5 5 0 000 10zM10.800 10.800L14.500 14.500',
  refresh: 'M13.500 8a5.500 5.500 0 11-1.600-3.900L13.500 5.500M13.500 2v3.500H10',
  external: 'M6 3H2.500v10.500H13V10M9 2.500h4.500V7M13.500 2.500L7.500 8.500',
  more: 'M3 8h.1M8 8h.1M13 8h.1',
  moon: 'M13 9.500A5.500 5.500 0 016.500 3a5.500 5.500 0 106.500 6.500z',
  user: 'M8 8a3 3 0 100-6 3 3 0 000 6zM2.500 14c.4-3 2.500-4.500 5.500-4.500s5.100 1.500 5.500 4.500',
  task: 'M3 3h10v10H3zM5.500 8l2 2 3-4',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, turning = false }: { name: IconName; turning?: boolean }) {
  return (
    <svg
      className={turning ? 'icon turning' : 'icon'}
      viewBox="0 0 16 16"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.5"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
