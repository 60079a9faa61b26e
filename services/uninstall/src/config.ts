/** Labels as JSON: `{"name":"value"}`. @throws Error that says what is expected */
export function labels(value: unknown): Record<string, string> {
  const isLabels =
    typeof value === 'object' && value !== null && !Array.isArray(value) && Object.values(value).every((one) => typeof one === 'string');
  if (!isLabels) throw new Error('must be a JSON object of texts');
  return value as Record<string, string>;
}
