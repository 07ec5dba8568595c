/** Every file of the suite in workerd too. In one file here, so that `*.conformance.ts` stay files of the project guests. */
import.meta.glob("./*.conformance.ts", { eager: true });

declare global {
  interface ImportMeta {
    /** Vite replaces it by imports. */
    glob(pattern: string, options: { eager: true }): unknown;
  }
}

export {};
