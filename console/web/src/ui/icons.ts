/** Strokes on a grid of 20 × 20. */
export const ICONS: Record<string, string> = {
  grid: 'M3 3h6v6H3zM11 3h6v6h-6zM3 11h6v6H3zM11 11h6v6h-6z',
  alert: 'M10 3 18 17H2zM10 8v4M10 14.5v.5',
  check: 'M3 10l4.5 4.5L17 5',
  question: 'M7 7a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M10 15v.5',
  search: 'M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12zM13.5 13.5 18 18',
  flow: 'M2 10h5M13 5h5M13 15h5M7 10c4 0 2-5 6-5M7 10c4 0 2 5 6 5',
  key: 'M7 12a4 4 0 1 1 3.5-6H18v3h-2v2h-3l-2 .2A4 4 0 0 1 7 12z',
  close: 'M5 5l10 10M15 5 5 15',
  down: 'M5 8l5 5 5-5',
  right: 'M8 5l5 5-5 5',
  out: 'M8 4H4v12h4M9 10h8M14 7l3 3-3 3',
  link: 'M8 12l4-4M7 9 5 11a3 3 0 0 0 4 4l2-2M13 11l2-2a3 3 0 0 0-4-4L9 7',
  sun: 'M10 6a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM10 1v2M10 17v2M1 10h2M17 10h2M3.6 3.6 5 5M15 15l1.4 1.4M3.6 16.4 5 15M15 5l1.4-1.4',
  refresh: 'M16 6a7 7 0 1 0 1 6M16 2v4h-4',
  download: 'M10 3v9M6 9l4 4 4-4M4 17h12',
};
