/**
 * ResNet students: {@link org.swapdistill.nn.Architecture} says what a network is,
 * {@link org.swapdistill.nn.Network} is one on a backend, with explicit forward and backward.
 */
package org.swapdistill.nn;
