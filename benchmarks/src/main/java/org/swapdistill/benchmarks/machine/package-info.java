/** What the machine can do at best, and what a process uses of it. */
package org.swapdistill.benchmarks.machine;
