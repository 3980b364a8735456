/** Upper case, without spaces and punctuation: `de 123.456.789` → `DE123456789`. */
export const plainVat = (vat: string): string => vat.toUpperCase().replace(/[^A-Z0-9]/g, '');
