/** Files that survive interruption: safetensors, and the atomic replacement of a file. */
package org.swapdistill.train.checkpoint;
