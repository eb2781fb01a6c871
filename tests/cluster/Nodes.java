import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;

import org.codelibs.opensearch.runner.OpenSearchRunner;

/**
 * OpenSearch nodes in one JVM: {@code java -cp … Nodes.java FOLDER NAME HTTP:TRANSPORT…}, one pair of ports a node.
 *
 * Says "ready", then obeys "stop N" and "start N" (N counts from 0) and answers each with "done". The end of
 * its input ends it, so that no node outlives the program that started it.
 */
class Nodes {
    public static void main(String[] arguments) throws Exception {
        PrintStream answers = System.out;
        System.setOut(System.err); // what OpenSearch logs
        String folder = arguments[0], name = arguments[1];
        String[][] ports = new String[arguments.length - 2][];
        for (int node = 0; node < ports.length; node++) ports[node] = arguments[node + 2].split(":");

        OpenSearchRunner runner = new OpenSearchRunner();
        runner.setMaxHttpPort(-1); // the ports are known to be free
        runner.onBuild((number, settings) -> {
            settings.put("http.port", ports[number - 1][0]);
            settings.put("transport.port", ports[number - 1][1]);
            settings.put("network.host", "127.0.0.1");
            settings.put("node.processors", 2);
            settings.putList("node.roles", "cluster_manager", "data");
            settings.putList("cluster.initial_cluster_manager_nodes", "Node 1");
            settings.putList("discovery.seed_hosts", addresses(ports));
            // A node that starts again does not wait for the others, which may be started after it.
            settings.put("discovery.initial_state_timeout", "0s");
            settings.put("cluster.routing.allocation.disk.threshold_enabled", false);
            // A node that is gone is replaced at once, not in a minute.
            settings.put("cluster.fault_detection.follower_check.interval", "500ms");
            settings.put("cluster.fault_detection.leader_check.interval", "500ms");
        });
        runner.build(OpenSearchRunner.newConfigs().basePath(folder).clusterName(name).numOfNode(ports.length));
        answers.println("ready");
        obey(runner, answers);
        runner.close();
        System.exit(0);
    }

    private static void obey(OpenSearchRunner runner, PrintStream answers) throws Exception {
        BufferedReader orders = new BufferedReader(new InputStreamReader(System.in));
        for (String order = orders.readLine(); order != null; order = orders.readLine()) {
            String[] words = order.split(" ");
            int node = Integer.parseInt(words[1]);
            if (words[0].equals("stop")) runner.getNode(node).close();
            else runner.startNode(node);
            answers.println("done");
        }
    }

    private static String[] addresses(String[][] ports) {
        String[] addresses = new String[ports.length];
        for (int node = 0; node < ports.length; node++) addresses[node] = "127.0.0.1:" + ports[node][1];
        return addresses;
    }
}
