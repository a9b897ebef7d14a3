/** Words as CRMs have them: many scripts, quotes, signs that break careless escaping, and text that only looks like something else. */
export const GIVEN_NAMES = ['Anna', 'José', 'Zoë', 'Łukasz', 'Mehmet', 'Þóra', '美咲', 'Олена', 'عمر', 'Nguyễn', 'O’Neil', 'Siobhán', 'Jean-Luc'];
export const FAMILY_NAMES = ['Müller', 'García Márquez', 'Østergård', 'Dvořák', "D'Angelo", '山田', 'Коваленко', 'حداد', 'van der Berg', 'Null', 'Nuñez'];
export const COMPANIES = ['Acme', 'Zürcher Käse', 'Naïve Systems', '東京商事', 'Smørrebrød & Co', 'Tom "T" Tools', 'Back\\slash', 'Ωmega', 'Łódź Textil', '🚀 Orbit'];
export const LEGAL_FORMS = ['GmbH & Co. KG', 'AG', 'Ltd', 'Inc.', 'S.à r.l.', 'Sp. z o.o.', '株式会社', 'Oy'];
export const STREETS = ['Bahnhofstrasse 1\r\n3. Stock', '1235 Wildwood St', 'Rue de l’Église 12', 'ul. Żurawia 6/12', '中央区銀座4-1', 'c/o "Hinterhof"\r\nAufgang\tB'];
export const CITIES = ['Zürich', 'Kraków', 'São Paulo', 'Tromsø', '東京', 'İstanbul', 'New York', 'Saint-Étienne'];
export const COUNTRIES = ['Switzerland', 'Poland', 'Brasil', 'Norge', '日本', 'Türkiye', 'USA', 'France'];
export const TITLES = ['CFO', 'Head of R&D', 'Geschäftsführerin', '部長', 'VP, Sales'];
export const INDUSTRIES = ['Apparel', 'Banking', 'Biotechnology', 'Food & Beverage', 'Not For Profit'];
export const SENTENCES = [
  'Wants a call back after Easter.', 'Bestellt nur mit "Skonto".', '<b>not</b> HTML & not {json}', 'Prix: 1 234,50 €', 'Second line follows\\n literally',
  '改行のあるメモ', '‏نص من اليمين‏', 'e\u0301 and é differ', 'true', '0012', '😀👍🏽',
];
export const OFFERS = ['Renewal', 'New business – phase 2', 'Add-on “Plus”', 'Рамочный договор', '保守契約'];
