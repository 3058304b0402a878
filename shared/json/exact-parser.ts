import { JsonNumber, type JsonObject, type JsonValue } from './json-value.ts';
import { emptyObject } from './plain-object.ts';
import { endOfNumber, endOfString, isNumberStart, levelChange } from './scan-json.ts';

/** Something valid JSON may hold that we refuse to store; `path` leads to it from the root. */
export interface JsonDefect {
  readonly kind: 'duplicateKey' | 'tooDeep';
  readonly path: readonly (string | number)[];
}

export interface ExactResult {
  readonly value: JsonValue;
  readonly defects: readonly JsonDefect[];
}

/**
 * Parses text that JSON.parse has accepted (so syntax is not checked again) and keeps what
 * JSON.parse loses: the source text of numbers, repeated names, and how deep the text goes. A
 * repeated name keeps its last value, a value below the depth limit becomes null; both are defects.
 */
export function parseExactly(text: string, depthLimit: number): ExactResult {
  return new ExactParser(text, depthLimit).run();
}

class ExactParser {
  private readonly text: string;
  private readonly depthLimit: number;
  private readonly defects: JsonDefect[] = [];
  private readonly path: (string | number)[] = [];
  private at = 0;

  constructor(text: string, depthLimit: number) {
    this.text = text;
    this.depthLimit = depthLimit;
  }

  run(): ExactResult {
    return { value: this.value(), defects: this.defects };
  }

  private value(): JsonValue {
    const first = this.peek();
    if (first === '"') return this.string();
    if (first === '{' || first === '[') return this.container(first);
    if (isNumberStart(first.charCodeAt(0))) return this.number();
    return this.word(first);
  }

  private container(first: string): JsonValue {
    if (this.path.length >= this.depthLimit) {
      this.defects.push({ kind: 'tooDeep', path: [...this.path] });
      this.skipContainer();
      return null;
    }
    return first === '{' ? this.object() : this.array();
  }

  private object(): JsonObject {
    const object = emptyObject();
    this.at++;
    while (this.peek() !== '}') {
      const name = this.string();
      this.path.push(name);
      if (Object.hasOwn(object, name)) {
        this.defects.push({ kind: 'duplicateKey', path: [...this.path] });
      }
      this.peek();
      this.at++; // colon
      object[name] = this.value();
      this.path.pop();
      this.separator();
    }
    this.at++;
    return object;
  }

  private array(): JsonValue[] {
    const array: JsonValue[] = [];
    this.at++;
    while (this.peek() !== ']') {
      this.path.push(array.length);
      array.push(this.value());
      this.path.pop();
      this.separator();
    }
    this.at++;
    return array;
  }

  private string(): string {
    const end = endOfString(this.text, this.at);
    const source = this.text.slice(this.at, end);
    this.at = end;
    return source.includes('\\') ? (JSON.parse(source) as string) : source.slice(1, -1);
  }

  private number(): number | JsonNumber {
    const end = endOfNumber(this.text, this.at);
    const source = this.text.slice(this.at, end);
    this.at = end;
    const value = Number(source);
    return String(value) === source ? value : new JsonNumber(source);
  }

  private word(first: string): null | boolean {
    this.at += first === 'f' ? 5 : 4;
    return first === 'n' ? null : first === 't';
  }

  /** Passes over an array or object without recursion: depth is what the sender likes. */
  private skipContainer(): void {
    let level = 0;
    do {
      const code = this.text.charCodeAt(this.at);
      if (code === 0x22) {
        this.at = endOfString(this.text, this.at);
        continue;
      }
      level += levelChange(code);
      this.at++;
    } while (level > 0);
  }

  private separator(): void {
    if (this.peek() === ',') this.at++;
  }

  /** Skips white space and returns the next character. */
  private peek(): string {
    while (this.text.charCodeAt(this.at) <= 0x20) this.at++;
    return this.text.charAt(this.at);
  }
}
