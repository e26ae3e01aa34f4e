package org.swapdistill.backend.cpu;

import org.bytedeco.dnnl.memory;
import org.swapdistill.backend.MemoryPlan;

/**
 * What a primitive reads or writes: a oneDNN memory object, whose address is set when the graph's memory is allocated.
 *
 * @param handle the memory object
 * @param desc its description
 * @param block its place in the arena; null if it lies elsewhere
 */
record Operand(memory handle, memory.desc desc, MemoryPlan.Block block) {
}
