import { METRIC_TYPES, Status } from "../abi.ts";
import { HOST_LIMITS } from "../host-limits.ts";
import type { Vm } from "../vm.ts";
import type { HostFunctions } from "./host-function.ts";

export function metricFunctions(vm: Vm): HostFunctions {
  const { metrics } = vm.services.shared;
  return {
    proxy_define_metric(type: number, namePointer: number, nameSize: number, idOut: number): Status {
      const typeName = METRIC_TYPES[type];
      if (typeName === undefined) return Status.BAD_ARGUMENT;
      const { memory } = vm;
      if (!memory.holds(namePointer, nameSize) || !memory.holds(idOut, 4)) return Status.INVALID_MEMORY_ACCESS;
      if (nameSize >>> 0 > HOST_LIMITS.metricNameBytes) return Status.BAD_ARGUMENT;
      const name = memory.readText(namePointer, nameSize);
      if (name === undefined) return Status.INVALID_MEMORY_ACCESS;
      const id = metrics.define(typeName, name);
      return id === undefined ? Status.BAD_ARGUMENT : memory.writeU32(idOut, id);
    },

    /** The ABI's value is unsigned. It is read as signed, so that a gauge below zero reads back correctly. */
    proxy_record_metric(id: number, value: bigint | number): Status {
      return metrics.record(id >>> 0, integerOf(value));
    },

    proxy_increment_metric(id: number, delta: bigint | number): Status {
      return metrics.increment(id >>> 0, integerOf(delta));
    },

    /** A histogram has no single value. */
    proxy_get_metric(id: number, valueOut: number): Status {
      const value = metrics.valueOf(id >>> 0);
      if (value === undefined) return metrics.has(id >>> 0) ? Status.BAD_ARGUMENT : Status.NOT_FOUND;
      return vm.memory.writeU64(valueOut, Math.floor(value / 0x1_0000_0000), value >>> 0);
    },
  };
}

/** A guest that declares the import with another type passes a number, or nothing. */
function integerOf(value: bigint | number): number {
  const integer = Math.trunc(Number(value));
  return Number.isSafeInteger(integer) || typeof value === "bigint" ? integer : 0;
}
