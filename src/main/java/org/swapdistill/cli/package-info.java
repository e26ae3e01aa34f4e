/**
 * The command line: {@code train}, {@code compare}, {@code evaluate}, {@code predict}, {@code preview} and
 * {@code devices}.
 */
package org.swapdistill.cli;
