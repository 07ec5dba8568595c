/** What TypeScript shows where a CommonJS module uses ebb. */
type Refusal = 'ebb is an ES module: import it in a .mts file, or set "type": "module" in package.json';
export declare function createGateway(refusal: Refusal): any;
export declare function defineGateway(refusal: Refusal): any;
