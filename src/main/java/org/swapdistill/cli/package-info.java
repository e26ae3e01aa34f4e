/** The command line: {@code train}, {@code compare}, {@code evaluate}, {@code predict}, {@code preview}, {@code devices}. */
package org.swapdistill.cli;
