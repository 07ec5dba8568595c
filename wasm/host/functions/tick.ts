import { Status } from "../abi.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

export function tickFunctions(vm: Vm): HostFunctions {
  return {
    /** 0 switches ticks off. The embedder decides how punctual ticks are. */
    proxy_set_tick_period_milliseconds(periodMs: number): Status {
      vm.tickPeriodMs = periodMs >>> 0;
      return Status.OK;
    },
  };
}
