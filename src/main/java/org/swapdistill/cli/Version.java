package org.swapdistill.cli;

import org.swapdistill.kernels.KernelLibrary;

import picocli.CommandLine.IVersionProvider;

/** The version for {@code --version}: that of the native library. */
final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
        return new String[] {"swapdistill " + KernelLibrary.version()};
    }
}
