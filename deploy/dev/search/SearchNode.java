import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

import org.opensearch.analysis.common.CommonAnalysisPlugin;
import org.opensearch.common.settings.Settings;
import org.opensearch.env.Environment;
import org.opensearch.index.mapper.MapperExtrasPlugin;
import org.opensearch.index.reindex.ReindexPlugin;
import org.opensearch.node.InternalSettingsPreparer;
import org.opensearch.node.Node;
import org.opensearch.painless.PainlessPlugin;
import org.opensearch.plugins.Plugin;
import org.opensearch.transport.Netty4Plugin;

/**
 * One OpenSearch node of jars alone: the distribution's modules are on the class path instead of
 * in a modules folder.
 *
 * <p>Left out on purpose is the distribution's Bootstrap: the security manager, the refusal to run
 * as root, memory locking. This is for a laptop. SIGTERM stops the node cleanly.
 *
 * <p>Usage: SearchNode HOME, where HOME/config/opensearch.yml holds the settings.
 */
public final class SearchNode extends Node {
    private static final List<Class<? extends Plugin>> MODULES = List.of(
        Netty4Plugin.class,
        CommonAnalysisPlugin.class,
        PainlessPlugin.class,
        MapperExtrasPlugin.class,
        ReindexPlugin.class);

    private static final long STOP_SECONDS = 15;

    private final CountDownLatch stopped = new CountDownLatch(1);

    private SearchNode(Environment environment) {
        super(environment, MODULES, true);
    }

    private void stop() {
        try {
            close();
            awaitClose(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (Exception e) {
            e.printStackTrace();
        } finally {
            stopped.countDown();
        }
    }

    public static void main(String[] args) throws Exception {
        Path home = Path.of(args[0]).toAbsolutePath();
        Settings settings = Settings.builder().put("path.home", home.toString()).build();
        SearchNode node = new SearchNode(
            InternalSettingsPreparer.prepareEnvironment(
                settings, Map.of(), home.resolve("config"), () -> "souk"));
        Runtime.getRuntime().addShutdownHook(new Thread(node::stop, "stop"));
        try {
            node.start();
        } catch (Exception e) {
            // A port that is taken, most likely: threads already running must not keep the process.
            e.printStackTrace();
            System.exit(1);
        }
        // Its own threads are daemons, none keeps the JVM.
        node.stopped.await();
    }
}
