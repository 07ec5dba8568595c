/** Every file of the suite in workerd too. One file here, because each test file has a workerd process of its own. */
import.meta.glob("./*.conformance.ts", { eager: true });

declare global {
  interface ImportMeta {
    /** Vite replaces it by imports. */
    glob(pattern: string, options: { eager: true }): unknown;
  }
}

export {};
